export { adhoc } from "./adhoc.ts";
export {
  type Call,
  type Caller,
  type Command,
  type Commands,
  commandsNamespace,
  done,
  failed,
  type Step,
  stage,
} from "./command.ts";
