/** Replaces secrets in everything that leaves the process, in each spelling in which they could slip out. */
export interface Redactor {
  /** Registers a value that must never be seen. Values under 4 characters would redact the whole output and are not. */
  add(value: string): void;
  /** Registers the password of an address: whatever stands between the first colon of its user part and the last @. */
  addPasswordOf(address: string): void;
  redact(text: string): string;
  /** The same for bytes that need not be text: every byte stays but those of a secret. */
  redactBytes(bytes: Uint8Array): Uint8Array;
}

export function createRedactor(): Redactor {
  const spellings = new Set<string>();
  const add = (value: string): void => {
    if (value.length < 4) return;
    for (const spelling of spellingsOf(value)) spellings.add(spelling);
  };
  return {
    add,
    addPasswordOf: (address) => {
      const userinfo = /^[^/]*\/\/([^]*)@/.exec(address)?.[1] ?? '';
      if (!userinfo.includes(':')) return;
      const password = userinfo.slice(userinfo.indexOf(':') + 1);
      add(password);
      try {
        add(decodeURIComponent(password));
      } catch {
        // Not percent-encoded after all: the raw spelling is registered.
      }
    },
    redact: (text) => {
      let safe = text;
      for (const spelling of spellings) if (safe.includes(spelling)) safe = safe.replaceAll(spelling, '[redacted]');
      return safe;
    },
    redactBytes: (bytes) => {
      // One character for each byte, so that what is no text comes through unharmed.
      const text = Buffer.from(bytes).toString('latin1');
      const forms = [...spellings].map((spelling) => Buffer.from(spelling).toString('latin1'));
      const safe = forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);
      return safe === text ? bytes : Buffer.from(safe, 'latin1');
    },
  };
}

function spellingsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const base64 = bytes.toString('base64');
  return [
    value,
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ];
}
