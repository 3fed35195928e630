-- Keeps a damaged entry for a month where it can be looked at, and drops it, unless something else is there by now:
-- whether it was dropped.
local key = ARGV[2]
local value = redis.pcall('GET', key_of(key))
if type(value) ~= 'string' then return 0 end
-- Of what is none of ours, all was read as the record.
local head = head_of(value)
local from = head and head.record <= #value and head.record or 0
if string.sub(value, from + 1) ~= ARGV[3] then return 0 end
-- Where there is no room for it, it goes nevertheless.
redis.pcall('SET', base .. 'damaged:' .. key, value, 'EX', 2592000)
drop(key)
return 1
