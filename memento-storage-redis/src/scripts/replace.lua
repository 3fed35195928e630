-- Keeps records, three arguments each, in the place of those that were read, where these are still there.
for at = 2, #ARGV, 3 do
    local key = key_of(ARGV[at])
    local value = redis.pcall('GET', key)
    local head = type(value) == 'string' and head_of(value)
    if head and string.sub(value, head.record + 1) == ARGV[at + 1] then
        redis.call('SET', key, string.sub(value, 1, head.record) .. ARGV[at + 2], 'KEEPTTL')
    end
end
