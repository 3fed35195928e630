-- Keeps a content behind what is there: its length then, or the length that it would have, negative, where that is too long.
local name, revision, id, content = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local most, ttl = tonumber(ARGV[6]), tonumber(ARGV[7])
local before, other = head_of(name)
if other then return damaged() end
local at = before and before.size or 0
local size = at + #content
if size > most then return -size end
if size <= CHUNK then
    local there = before and redis.call('GETRANGE', key_of(name), HEAD, -1) or ''
    if #there ~= at then return damaged() end
    redis.call('SET', key_of(name), head(false, size, revision, id) .. there .. content)
else
    if before and before.is_chunked then
        id = before.id
        local last = at % CHUNK == 0 and CHUNK or at % CHUNK
        if redis.call('STRLEN', chunk_key(id, chunks_of(at) - 1)) ~= last then
            return damaged()
        end
    elseif before then
        content = redis.call('GETRANGE', key_of(name), HEAD, -1) .. content
        if #content ~= size then return damaged() end
        at = 0
    end
    local from = 1
    while from <= #content do
        local index, used = math.floor(at / CHUNK), at % CHUNK
        local part = string.sub(content, from, from + CHUNK - used - 1)
        redis.call(used == 0 and 'SET' or 'APPEND', chunk_key(id, index), part)
        from, at = from + #part, at + #part
    end
    redis.call('SET', key_of(name), head(true, size, revision, id))
end
note(name, size)
expire(name, { is_chunked = size > CHUNK, size = size, id = id }, ttl)
return size
