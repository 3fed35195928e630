-- Drops an entry; how many there were.
return drop(ARGV[2]) and 1 or 0
