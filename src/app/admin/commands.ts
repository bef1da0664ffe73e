import { archiveKeep, archivePurge, archiveRetention, archiveUsage } from "./archives.ts";
import type { AnyCommand } from "./command.ts";
import { federationExplain, federationList } from "./federation.ts";
import { filesDelete, filesList, filesUsage } from "./files.ts";
import { userLock, userUnlock } from "./locks.ts";
import { status } from "./status.ts";
import { userAdd, userDelete, userList, userPasswd } from "./users.ts";

/** Everything an operator can ask for, whether the service runs or not. */
export const commands: readonly AnyCommand[] = [
  userAdd,
  userPasswd,
  userDelete,
  userList,
  userLock,
  userUnlock,
  filesList,
  filesDelete,
  filesUsage,
  archiveUsage,
  archiveRetention,
  archiveKeep,
  archivePurge,
  federationList,
  federationExplain,
  status,
];
