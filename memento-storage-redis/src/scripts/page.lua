-- A page of the entries that a filter admits: where the next one begins, or nothing; then key and value of each. Of a
-- value that is too long to be read, there is all but the record.
local of, failed, from, limit = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local may_write, most, longest = ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9])
if ARGV[2] == '0' then of = nil end
if may_write then purge(1000) end
local keys = {}
for _, class in ipairs(admitted(SHOWN, failed)) do
    local limits = { from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1 }
    local found = redis.call('ZREVRANGEBYSCORE', index(class, of), unpack(limits))
    for at = 1, #found, 2 do
        table.insert(keys, { key = found[at], order = tonumber(found[at + 1]), class = class })
    end
end
table.sort(keys, function(one, other) return one.order > other.order end)
local page, bytes, at = { '' }, 0, 1
while at <= limit and at <= #keys and bytes < most do
    local found = keys[at]
    local length = redis.pcall('STRLEN', key_of(found.key))
    local is_long = type(length) == 'number' and length > longest
    local value = redis.pcall('GETRANGE', key_of(found.key), 0, is_long and HEAD - 1 or -1)
    local head = type(value) == 'string' and value ~= '' and head_of(value)
    if is_long and head and head.record > longest then head = nil end
    if head and head.class == found.class then
        if is_long then value = redis.call('GETRANGE', key_of(found.key), 0, head.record - 1) end
        table.insert(page, found.key)
        table.insert(page, value)
        bytes = bytes + #value
    elseif may_write and head ~= nil then
        -- It has expired, or was replaced after it had been damaged.
        redis.call('ZREM', index(found.class, of), found.key)
    end
    at = at + 1
end
if keys[at] then page[1] = string.format('%.0f', keys[at].order) end
return page
