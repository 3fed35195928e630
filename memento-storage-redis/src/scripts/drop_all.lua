-- Drops some of the entries that a filter admits, of those that were put before the first call: how many, without hidden
-- ones; whether there may be more; what had been put.
local of, failed, upto = ARGV[3], ARGV[4], ARGV[5]
if ARGV[2] == '0' then of = nil end
if upto == '' then upto = redis.call('GET', base .. 'order') or '0' end
local limits = { '-inf', upto, 'LIMIT', 0, 500 }
local removed, more = 0, 0
for _, classes in ipairs({ SHOWN, HIDDEN }) do
    for _, class in ipairs(admitted(classes, failed)) do
        local keys = redis.call('ZRANGEBYSCORE', index(class, of), unpack(limits))
        for _, key in ipairs(keys) do
            local found = read(key)
            -- One that has expired, or been replaced by something else, is in the index only.
            if not found or (found.class == class and (not of or found.of == of)) then
                local dropped = drop(key)
                if dropped and not dropped.is_hidden then removed = removed + 1 end
            end
            redis.call('ZREM', index(class, of), key)
        end
        if #keys == 500 then more = 1 end
    end
end
return { removed, more, upto }
