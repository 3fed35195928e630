-- Drops an object; how many there were.
local name = ARGV[2]
local before = head_of(name)
local removed = redis.call('DEL', key_of(name))
release(before)
redis.call('DEL', about_key(name))
note(name, nil)
return removed
