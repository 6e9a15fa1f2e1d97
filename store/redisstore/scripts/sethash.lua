-- ARGV: anchor, lifetime in ms (0: as it is), how many fields to set, then field, value, ..., then fields to remove.
if ARGV[1] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local left = redis.call('PTTL', KEYS[1]) -- -2: nothing there, -1: no end
local sets = 3 + 2 * ARGV[3]
for i = 4, sets, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = sets + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
local longer = left == -2 or (left >= 0 and left < tonumber(ARGV[2]))
if ARGV[2] ~= '0' and (ARGV[1] ~= '' or longer) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
