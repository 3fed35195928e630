-- Keeps entries, seven arguments each: how many of them another one was faster to replace.
--
-- An entry has the number of the claim under which it was computed, 0 where there was none. What was computed under a later
-- claim stays: who had the earlier one was away for so long that somebody else computed the same meanwhile.
local ttl, overtaken = tonumber(ARGV[2]), 0
purge(2 * #ARGV)
for at = 3, #ARGV, 7 do
    local key, failed, hidden, version, of, claim = unpack(ARGV, at, at + 5)
    local before = read(key)
    local is_later = before and before.claim > claim
    if is_later and tonumber(claim) > 0 then
        overtaken = overtaken + 1
    else
        if is_later then claim = before.claim end
        drop(key)
        local order, class = redis.call('INCR', base .. 'order'), class_of(failed, hidden)
        local head = string.format('m1%s%s%016.0f%s%08.0f', failed, hidden, order, claim, #of)
        redis.call('SET', key_of(key), head .. version .. of .. ARGV[at + 6])
        if ttl > 0 then
            redis.call('PEXPIRE', key_of(key), ttl)
            local member = expiring(key, class, of)
            -- In the millisecond in which it ends, it is still there.
            redis.call('ZADD', base .. 'expiring-mementos', milliseconds() + ttl + 1, member)
        end
        redis.call('ZADD', index(class), order, key)
        redis.call('ZADD', index(class, of), order, key)
        redis.call('ZADD', base .. 'versions:' .. of, 'NX', order, version)
    end
end
return overtaken
