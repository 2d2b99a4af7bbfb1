import type { Environment } from '../domain/config/environment.js';
import type { DoctorReport } from '../domain/doctor/report.js';
import { doctorJson } from './doctor-json.js';
import { settingsOf } from './env-view.js';
import { escapeJson } from './term.js';

/** What a bundle is made of. */
export interface BundleParts {
  /** RFC 3339. */
  readonly at: string;
  readonly versions: Readonly<Record<string, string>>;
  /** `null`: it could not be resolved. */
  readonly environment: Environment | null;
  readonly report: DoctorReport;
}

/** The settings that may hold a secret where it does not belong: a header of a signing profile, an argument, a query. */
const shownAsKind: Readonly<Record<string, (value: string) => string>> = {
  signing: (value) => (value.startsWith('{') ? 'a profile of its own (not shown)' : value),
  killSwitch: (value) => (value.includes('"exec"') ? 'a program (not shown)' : value),
  shadowDriver: (value) => (value.includes('"exec"') ? 'a program (not shown)' : value),
  probe: (value) => value.replaceAll(/\?[^,\s]*/g, '?…'),
};

/** Everything that was seen, as one JSON document to hand on. What is secret is not in it; the rest is still to be redacted. */
export function bundleText({ at, versions, environment, report }: BundleParts): string {
  const settings = (environment === null ? [] : settingsOf(environment)).map(({ key, value, source }) => ({
    key,
    value: value === null ? null : (shownAsKind[key]?.(value) ?? value),
    source,
  }));
  const document = { apiVersion: 'rlctl/v1', kind: 'DoctorBundle', at, versions, settings, ...doctorJson(report) };
  return `${escapeJson(JSON.stringify(document, null, 2))}\n`;
}
