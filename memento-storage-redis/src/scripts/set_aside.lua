-- Keeps a damaged entry for a month where it can be looked at, and drops it, unless something else is there by now:
-- whether it was dropped.
local key = ARGV[2]
local value = redis.pcall('GET', key_of(key))
if type(value) ~= 'string' or record_of(value) ~= ARGV[3] then return 0 end
-- Where there is no room for it, it goes nevertheless.
redis.pcall('SET', base .. 'damaged:' .. key, value, 'EX', 2592000)
drop(key)
return 1
