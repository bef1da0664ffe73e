// needs: python3-nbxmpp
import { testChecks } from "./python-suite.ts";

// The library of Gajim; it accepts our certificate alone.
testChecks("nbxmpp", "localhost");
