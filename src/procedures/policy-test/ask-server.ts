import { endpointUrl, type ApiEndpoint } from '../../domain/api-endpoint.js';
import type { PolicyAnswer } from '../../domain/control-plane.js';
import { readsNeeded } from '../../domain/proof/reads-needed.js';
import type { PolicyQuery } from '../../ports/control-plane.js';
import { PolicyReader, type ProofPorts } from '../proof/policy-reader.js';
import { inParallel } from '../reload/in-parallel.js';

/** What the servers say to one question. */
export interface ServerAnswers {
  readonly answers: readonly PolicyAnswer[];
  /** Answers that would be all. */
  readonly wanted: number;
  /** Why there are not as many. */
  readonly failures: readonly string[];
}

/** Who is asked, and how often. */
export interface Asked {
  readonly endpoints: readonly ApiEndpoint[];
  /** Processes behind each; `null`: not known. */
  readonly workers: number | null;
  readonly siteMode: string | null;
}

const width = 8;
/** So many questions are asked as often as a proof would; of more, each less often, and at least once. */
const manyQuestions = 16;

/** How often each question is asked at each endpoint, so that a worker which holds something else is seen. */
export function readsEach(workers: number | null, questions: number): number {
  const needed = readsNeeded(workers);
  return questions <= manyQuestions ? needed : Math.max(1, Math.ceil((needed * manyQuestions) / questions));
}

/** One question at one endpoint. */
interface Line {
  readonly endpoint: ApiEndpoint;
  readonly query: PolicyQuery;
  readonly reader: PolicyReader;
  readonly answers: PolicyAnswer[];
}

/**
 * Asks every question at every endpoint until the deadline, each read on a connection of its own where more than one
 * process may answer. Never throws for what a server or a network does: a refusal of one question leaves the others,
 * and only a server that asks to wait is asked nothing more.
 */
export async function askServer(
  ports: ProofPorts,
  { endpoints, workers, siteMode }: Asked,
  questions: readonly PolicyQuery[],
): Promise<readonly ServerAnswers[]> {
  const each = readsEach(workers, questions.length);
  const lines = questions.map((query) =>
    endpoints.map((endpoint): Line => ({ endpoint, query, reader: new PolicyReader(ports, siteMode), answers: [] })),
  );
  const told: { wait: string | null } = { wait: null };
  const rounds = Array.from({ length: each }, () => lines.flat()).flat();
  await inParallel(rounds, width, async ({ endpoint, query, reader, answers }) => {
    if (told.wait !== null) return;
    const answer = await reader.read(endpoint, query.route, query.bucket, each > 1, query.method);
    if (answer !== null) answers.push(answer);
    if (reader.retryAfterSeconds > 0)
      told.wait = `the server asked to wait ${reader.retryAfterSeconds} s before anything more is asked`;
  });
  return lines.map((group) => answersOf(group, each, told.wait));
}

function answersOf(lines: readonly Line[], each: number, wait: string | null): ServerAnswers {
  const failures = lines.flatMap(({ endpoint, reader, answers }) => {
    const wrong = reader.wrongSiteMode === null ? [] : [`a server says that its site mode is ${reader.wrongSiteMode}`];
    const missing = answers.length < each ? [...reader.failures, ...(wait === null ? [] : [wait])] : [];
    return [...wrong, ...missing].map((why) => `${endpointUrl(endpoint, '').href}: ${why}`);
  });
  return { answers: lines.flatMap(({ answers }) => answers), wanted: each * lines.length, failures };
}
