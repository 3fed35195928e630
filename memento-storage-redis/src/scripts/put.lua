-- Keeps an object, where the condition is met: 1, or 0 where it is not.
local name, condition, size, revision, id = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local content, about, ttl = ARGV[7], ARGV[8], tonumber(ARGV[9])
local is_chunked = size > CHUNK
local before, other = head_of(name)
-- What is sent twice finds what it has done itself, and what has been appended to that.
if before and before.id == id then return 1 end
if other and condition ~= 'always' then return damaged() end
if condition == 'absent' and before then return 0 end
if #condition == 16 and not (before and before.revision == condition) then return 0 end
if is_chunked then
    for index = 0, chunks_of(size) - 1 do
        if redis.call('EXISTS', chunk_key(id, index)) == 0 then
            return redis.error_reply('CHUNKS of the object have expired before it was put')
        end
    end
end
redis.call('SET', key_of(name), head(is_chunked, size, revision, id) .. content)
release(before or other)
if about == '' then redis.call('DEL', about_key(name)) else redis.call('SET', about_key(name), about) end
note(name, size)
expire(name, { is_chunked = is_chunked, size = size, id = id }, ttl)
return 1
