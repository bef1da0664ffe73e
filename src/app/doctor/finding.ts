import type { Language, Text } from "#stanza/text.ts";

/** `error`: something does not work. `warning`: it will not, or not for everybody. `hint`: it could be better. */
export type Severity = "error" | "warning" | "hint";

/** Something that is wrong, and what to do about it. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly says: Text;
  readonly fix: Text;
  /** Exact commands for a shell, in order. */
  readonly commands?: readonly string[];
  /** Exact lines for a DNS zone. */
  readonly zone?: readonly string[];
}

/** What may be found: texts with `{name}` where facts go. In commands facts are quoted for the shell. */
export interface Kind {
  readonly id: string;
  readonly severity: Severity;
  readonly says: Text;
  readonly fix: Text;
  readonly commands?: readonly string[];
}

/** What stands for the `{name}`s; a text is written in the language of what it stands in. */
export type Facts = Readonly<Record<string, string | number | Text>>;

/**
 * A finding of a kind. The facts `options` and `environment` are parts of a command line that are quoted already. A text that names a fact
 * which is missing is a bug.
 */
export function found(kind: Kind, facts: Facts = {}, zone: readonly string[] = []): Finding {
  const { id, severity, says, fix, commands } = kind;
  return {
    id,
    severity,
    says: fillText(says, facts),
    fix: fillText(fix, facts),
    ...(commands === undefined ? {} : { commands: commands.map((command) => fill(command, facts, "en", quote)) }),
    ...(zone.length === 0 ? {} : { zone }),
  };
}

function fillText({ en, fr }: Text, facts: Facts): Text {
  return { en: fill(en, facts, "en"), fr: fill(fr, facts, "fr") };
}

function fill(template: string, facts: Facts, language: Language, written = (text: string) => text): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const fact = facts[name];
    if (fact === undefined) throw new TypeError(`a finding needs the fact ${name}: ${template}`);
    const text = typeof fact === "object" ? fact[language] : String(fact);
    return name === "options" || name === "environment" ? text : written(text);
  });
}

/** A word of a command line (POSIX shell). */
export function quote(text: string): string {
  return /^[\w.,/:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
