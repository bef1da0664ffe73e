import type { Feature, ServerFeature } from "#core/feature.ts";
import { adhoc } from "./adhoc/index.ts";
import { avatars } from "./avatars/index.ts";
import { blocking } from "./blocking/index.ts";
import { bookmarks } from "./bookmarks/index.ts";
import { c2s, clientSessions } from "./c2s/index.ts";
import { carbons } from "./carbons/index.ts";
import { channelSearch } from "./channel-search/index.ts";
import { clientState } from "./client-state/index.ts";
import { component } from "./component/index.ts";
import { contactInfo } from "./contact-info/index.ts";
import { directoryVcards } from "./directory-vcards/index.ts";
import { disco, serviceDiscovery } from "./disco/index.ts";
import { messageDisplayed } from "./displayed/index.ts";
import { faces } from "./faces/index.ts";
import { fileBridge } from "./file-bridge/index.ts";
import { groups } from "./groups/index.ts";
import { httpUpload } from "./http-upload/index.ts";
import { lastActivity } from "./last-activity/index.ts";
import { mailAliases } from "./mail-aliases/index.ts";
import { archiveUpkeep, mam, stanzaIds } from "./mam/index.ts";
import { muc } from "./muc/index.ts";
import { offBoarding } from "./off-boarding/index.ts";
import { offline } from "./offline/index.ts";
import { peopleSearch } from "./people-search/index.ts";
import { pep } from "./pep/index.ts";
import { xmppPing } from "./ping/index.ts";
import { presence } from "./presence/index.ts";
import { privateStorage } from "./private-storage/index.ts";
import { proxy65, proxyService } from "./proxy65/index.ts";
import { registration } from "./registration/index.ts";
import { roster } from "./roster/index.ts";
import { s2s } from "./s2s/index.ts";
import { strangers } from "./strangers/index.ts";
import { streamManagement } from "./stream-management/index.ts";
import { entityTime } from "./time/index.ts";
import { vcard } from "./vcard/index.ts";
import { softwareVersion } from "./version/index.ts";

/** Every capability of a host, in the order of their handlers. */
// biome-ignore lint/suspicious/noExplicitAny: a list of features with different settings and results
export const features: readonly Feature<any, any>[] = [
  clientSessions,
  faces,
  offBoarding,
  roster,
  presence,
  groups,
  disco,
  serviceDiscovery,
  pep,
  messageDisplayed,
  adhoc,
  blocking,
  vcard,
  avatars,
  directoryVcards,
  peopleSearch,
  mailAliases,
  strangers,
  proxy65,
  muc,
  channelSearch,
  proxyService,
  httpUpload,
  fileBridge,
  mam,
  carbons,
  stanzaIds,
  offline,
  clientState,
  streamManagement,
  lastActivity,
  privateStorage,
  bookmarks,
  contactInfo,
  registration,
  softwareVersion,
  entityTime,
  xmppPing,
];

/** Every capability that is there once. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const serverFeatures: readonly ServerFeature<any>[] = [archiveUpkeep, s2s, c2s, component];
