-- ARGV: anchor, lifetime in ms (0: none), then field, value, ...
local lives
if ARGV[1] == '' then
  lives = redis.call('HLEN', KEYS[1])
else
  lives = redis.call('HEXISTS', KEYS[1], ARGV[1])
end
if lives ~= 0 then return 0 end
redis.call('DEL', KEYS[1])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
