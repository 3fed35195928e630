-- What the scripts on objects share. ARGV[1] is what all keys begin with.
--
-- An object is a string: a head of fixed length, and behind it the content, unless that is longer than a chunk. Then it is
-- in chunks, strings of their own under an identifier that the head has.
local base = ARGV[1]
local HEAD = 83
local CHUNK = 1048576
-- How long the chunks of an object that was replaced or removed stay for those who read it.
local GRACE = 600000

local function key_of(name) return base .. 'object:' .. name end
local function about_key(name) return base .. 'about:' .. name end
local function chunk_key(id, index) return base .. 'chunk:' .. id .. ':' .. index end
local function chunks_of(size) return math.ceil(size / CHUNK) end

local function milliseconds()
    local now = redis.call('TIME')
    return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- The head of an object, or nil where there is none, or none of ours. What is there in its place comes second, if anything
-- is: as far as can be told, an object whose size nobody knows.
local function head_of(name)
    local found = redis.pcall('GETRANGE', key_of(name), 0, HEAD - 1)
    if found == '' then return nil end
    if type(found) ~= 'string' then return nil, {} end
    local size = string.sub(found, 1, 2) == 'o1' and tonumber(string.sub(found, 4, 19), 10)
    local is_chunked, id = string.sub(found, 3, 3) == 'c', string.sub(found, 52, 83)
    -- A damaged size must not lead to loops without an end.
    local is_size = size and size <= 68719476736
    if #found ~= HEAD or not is_size or is_chunked ~= (size > CHUNK) then
        return nil, { is_chunked = true, size = 0, id = id }
    end
    return {
        is_chunked = is_chunked,
        size = size,
        modified = string.sub(found, 20, 35),
        revision = string.sub(found, 36, 51),
        id = id,
    }
end

local function damaged() return redis.error_reply('DAMAGED object') end

local function head(is_chunked, size, revision, id)
    local kind = is_chunked and 'c' or 'w'
    return string.format('o1%s%016.0f%016.0f%s%s', kind, size, milliseconds(), revision, id)
end

-- Lets go of the chunks of an object that is no longer what it was: of those that it has by its size, and of what follows.
local function release(found)
    if not found or not found.is_chunked then return end
    local is_read = redis.call('EXISTS', base .. 'reading:' .. found.id) == 1
    local index, was_there = 0, 0
    repeat
        local key = chunk_key(found.id, index)
        was_there = is_read and redis.call('PEXPIRE', key, GRACE) or redis.call('UNLINK', key)
        index = index + 1
    until was_there == 0 and index >= chunks_of(found.size)
end

-- Notes in the indices that an object is this long, or is gone.
local function note(name, size)
    local before = redis.call('HGET', base .. 'sizes', name)
    if size then
        redis.call('HSET', base .. 'sizes', name, string.format('%.0f', size))
        redis.call('ZADD', base .. 'names', 0, name)
    elseif before then
        redis.call('HDEL', base .. 'sizes', name)
        redis.call('ZREM', base .. 'names', name)
        redis.call('ZREM', base .. 'expiring', name)
    end
    local change = (size or 0) - (tonumber(before or 0) or 0)
    if change ~= 0 then redis.call('INCRBY', base .. 'bytes', string.format('%.0f', change)) end
end

-- Has an object expire, or not: `ttl` is 0 where it stays.
local function expire(name, found, ttl)
    if ttl == 0 then
        redis.call('ZREM', base .. 'expiring', name)
        redis.call('PERSIST', about_key(name))
        for index = 0, found.is_chunked and chunks_of(found.size) - 1 or -1 do
            redis.call('PERSIST', chunk_key(found.id, index))
        end
        return
    end
    redis.call('PEXPIRE', key_of(name), ttl)
    redis.call('PEXPIRE', about_key(name), ttl)
    for index = 0, found.is_chunked and chunks_of(found.size) - 1 or -1 do
        redis.call('PEXPIRE', chunk_key(found.id, index), ttl)
    end
    -- In the millisecond in which it ends, it is still there.
    redis.call('ZADD', base .. 'expiring', milliseconds() + ttl + 1, name)
end

-- Takes objects that have expired out of the indices; how many may be left.
local function purge()
    local limits = { '-inf', milliseconds(), 'LIMIT', 0, 1000 }
    local expired = redis.call('ZRANGEBYSCORE', base .. 'expiring', unpack(limits))
    for _, name in ipairs(expired) do
        if redis.call('EXISTS', key_of(name)) == 0 then
            note(name, nil)
        else
            redis.call('ZADD', base .. 'expiring', milliseconds() + 1000, name)
        end
    end
    return #expired == 1000 and 1 or 0
end

