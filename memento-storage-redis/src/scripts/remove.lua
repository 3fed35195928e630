-- Drops an object, or only what still begins with this, whether it is one of ours or not; how many there were.
local name, beginning = ARGV[2], ARGV[3]
local before, other = head_of(name)
if beginning then
    local found = redis.pcall('GETRANGE', key_of(name), 0, HEAD - 1)
    -- Of what is no string, nothing was read.
    if (type(found) == 'string' and found or '') ~= beginning then return 0 end
end
local removed = redis.call('DEL', key_of(name))
release(before or other)
redis.call('DEL', about_key(name))
note(name, nil)
return removed
