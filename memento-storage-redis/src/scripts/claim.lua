-- Claims a result for an owner: the number of the claim, greater than that of any claim before, or nothing where another
-- one has it. What is asked for twice by one owner is granted twice.
local owner = redis.call('GET', KEYS[1])
-- What does not end by itself is no lease: nobody would ever give it back.
local is_lease = redis.call('PTTL', KEYS[1]) >= 0
if owner and owner ~= ARGV[1] and is_lease then return false end
-- The clock keeps numbers growing where the server has lost the last one.
local now = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[3]) or 0) or 0
-- No clock is there before the year 2255, and numbers from 2^53 on are not exact: that is none of ours.
if not (last < 9000000000000000) then last = 0 end
local number = string.format('%016.0f', math.max(now[1] * 1000000 + now[2], last + 1))
redis.call('SET', KEYS[3], number)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return number
