-- A page of the entries that a filter admits: where the next one begins, or nothing; then key and value of each.
local of, failed, from, limit = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local may_write = ARGV[7] == '1'
if ARGV[2] == '0' then of = nil end
local keys = {}
for _, class in ipairs(admitted(SHOWN, failed)) do
    local limits = { from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1 }
    local found = redis.call('ZREVRANGEBYSCORE', index(class, of), unpack(limits))
    for at = 1, #found, 2 do
        table.insert(keys, { key = found[at], order = tonumber(found[at + 1]), class = class })
    end
end
table.sort(keys, function(one, other) return one.order > other.order end)
local page = { keys[limit + 1] and string.format('%.0f', keys[limit + 1].order) or '' }
for at = 1, math.min(limit, #keys) do
    local value = redis.pcall('GET', key_of(keys[at].key))
    if type(value) == 'string' then
        table.insert(page, keys[at].key)
        table.insert(page, value)
    elseif value == false and may_write then
        redis.call('ZREM', index(keys[at].class, of), keys[at].key)
    end
end
return page
