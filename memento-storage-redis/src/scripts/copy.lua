-- Keeps what one object is under another name: 1, or 0 where there is none.
local from, to, revision, id, ttl = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local before, other = head_of(to)
-- What is sent twice finds what it has done itself, whatever has become of the source.
if before and before.id == id then return 1 end
local found, instead = head_of(from)
if instead then return damaged() end
if not found then return 0 end
if from == to then return 1 end
local content = ''
if found.is_chunked then
    for index = 0, chunks_of(found.size) - 1 do
        if redis.call('EXISTS', chunk_key(found.id, index)) == 0 then
            return damaged()
        end
    end
    for index = 0, chunks_of(found.size) - 1 do
        redis.call('COPY', chunk_key(found.id, index), chunk_key(id, index), 'REPLACE')
    end
else
    content = redis.call('GETRANGE', key_of(from), HEAD, -1)
end
redis.call('SET', key_of(to), head(found.is_chunked, found.size, revision, id) .. content)
release(before or other)
redis.call('DEL', about_key(to))
redis.call('COPY', about_key(from), about_key(to))
note(to, found.size)
expire(to, { is_chunked = found.is_chunked, size = found.size, id = id }, ttl)
return 1
