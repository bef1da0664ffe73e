export { adhoc } from "./adhoc.ts";
export {
  type Call,
  type Caller,
  type Command,
  type Commands,
  commandsNamespace,
  done,
  failed,
  stage,
} from "./command.ts";
