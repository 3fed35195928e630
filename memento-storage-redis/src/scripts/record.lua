-- Keeps entries, six arguments each.
local ttl = tonumber(ARGV[2])
for at = 3, #ARGV, 6 do
    local key, failed, hidden, version, of = unpack(ARGV, at, at + 4)
    drop(key)
    local order = redis.call('INCR', base .. 'order')
    local head = string.format('m1%s%s%016.0f%08.0f', failed, hidden, order, #of)
    redis.call('SET', key_of(key), head .. version .. of .. ARGV[at + 5])
    if ttl > 0 then redis.call('PEXPIRE', key_of(key), ttl) end
    local class = class_of(failed, hidden)
    redis.call('ZADD', index(class), order, key)
    redis.call('ZADD', index(class, of), order, key)
    redis.call('ZADD', base .. 'versions:' .. of, 'NX', order, version)
end
return 1
