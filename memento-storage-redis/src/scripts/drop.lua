-- Drops an entry; how many there were. With `1`, it is kept for a month where it can be looked at.
local key = ARGV[2]
if ARGV[3] == '1' then
    local value = redis.pcall('GET', key_of(key))
    if type(value) == 'string' then redis.call('SET', base .. 'damaged:' .. key, value, 'EX', 2592000) end
end
return drop(key) and 1 or 0
