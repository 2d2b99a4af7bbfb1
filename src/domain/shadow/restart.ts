/** A flag as it has to stand in the environment of the server's processes; `null`: the variable must be absent there. */
export interface FlagToSet {
  readonly variable: string;
  readonly value: string | null;
}

/** `RATE_LIMIT_SHADOW_READ=true without RATE_LIMIT_SHADOW_AUTH` */
export function flagsText(flags: readonly FlagToSet[]): string {
  return flags
    .map(({ variable, value }) => (value === null ? `without ${variable}` : `${variable}=${value}`))
    .join(' ');
}

/**
 * What is left to somebody with access to the platform, where a server does not read its flags again: sentences in order.
 * `file`: the env file that already holds the flags; `null`: none does.
 */
export function restartSteps(flags: readonly FlagToSet[], file: string | null, prove: string): readonly string[] {
  const set = flagsText(flags);
  const where =
    file === null
      ? `Give the server's processes this environment: ${set}`
      : `${file} holds it already; see to it that the server's processes start with it: ${set}`;
  return [
    where,
    'Restart them: systemctl restart UNIT | docker compose up -d --force-recreate SERVICE | kubectl rollout restart deployment/NAME | or redeploy on your platform.',
    `Overrides are forgotten by some servers at a restart, so reload and prove: ${prove}`,
  ];
}
