// needs: python3-slixmpp python3-aiohttp
import { testChecks } from "./python-suite.ts";

// With a certificate that it verifies.
testChecks("slixmpp", "example.com");
