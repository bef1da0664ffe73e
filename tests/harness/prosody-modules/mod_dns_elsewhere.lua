-- Lets Prosody ask a DNS server on another port than 53: `dns_elsewhere = { address = "127.0.0.1", port = 5353 }`.
module:set_global();
local elsewhere = module:get_option("dns_elsewhere");
local methods = getmetatable(require "socket".udp()).__index;
local set_peer_name = methods.setpeername;
function methods.setpeername(socket, address, port)
	if port == 53 then
		address, port = elsewhere.address, elsewhere.port;
	end
	return set_peer_name(socket, address, port);
end

-- It waits up to a second before each question, so that many do not come at once.
local resolver = getmetatable(require "net.dns".resolver()).__index;
resolver.jitter, resolver.retry_jitter = nil, nil;
