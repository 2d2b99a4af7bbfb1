import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type Ran } from '../support/world.js';

// With several workers a proof takes many reloads and reads, and others write meanwhile.
const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab({ workers: 4 });
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const set = (route: string, rate: number, actor: string): Promise<Ran> =>
  state.lab.world.main(['override', 'set', route, '--rate', String(rate), '--json', '--timeout', '30s'], {
    env: { RLCTL_ACTOR: actor },
  });

interface Result {
  readonly proof: { readonly verdict: string; readonly trap: string | null; readonly diagnosis: string };
}

test('different routes at the same moment: each is proven, and nobody is told of overrides that there are not', async () => {
  for (let round = 0; round < 3; round += 1) {
    const writers = ['ann', 'ben', 'cleo'].map((actor) => set(`/api/${actor}${round}`, 20 + round, actor));
    for (const ran of await Promise.all(writers)) {
      const { proof } = jsonOf<Result>(ran.out);
      expect(proof, ran.err).toMatchObject({ verdict: 'proven', trap: null });
      expect(ran.code).toBe(0);
    }
  }
});

async function collect(request: IncomingMessage): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks;
}

/** Stands in front of the sandbox, and lets a colleague write before the first reload is passed on. */
async function frontThatLets(colleague: () => Promise<unknown>): Promise<Server> {
  const first = { isPending: true };
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await collect(request));
      if (request.method === 'POST' && first.isPending) {
        first.isPending = false;
        await colleague();
      }
      const { method = '', url = '' } = request;
      const headers = Object.fromEntries(
        Object.entries(request.headers).flatMap(([name, value]) =>
          /^(x-|content-type$)/.test(name) && typeof value === 'string' ? [[name, value]] : [],
        ),
      );
      const answer = await fetch(state.lab.sandbox.origin + url, {
        method,
        headers,
        ...(method === 'POST' ? { body } : {}),
      });
      const text = await answer.text();
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('one route, changed again before it was proven: who wrote is said, and no undo of their change is offered', async () => {
  const { world } = state.lab;
  const front = await frontThatLets(() =>
    world.main(['override', 'set', '/api/same', '--rate', '31', '--no-reload'], { env: { RLCTL_ACTOR: 'ben' } }),
  );
  try {
    const { port } = front.address() as AddressInfo;
    const args = ['override', 'set', '/api/same', '--rate', '30'];
    const env = { RLCTL_ACTOR: 'ann', RLCTL_API: `http://127.0.0.1:${port}` };
    const { code, out, err } = await world.main(args, { env });
    expect(code, err).toBe(8);
    expect(out).toMatch(/NOT PROVEN.*"\/api\/same" was changed again since \(last change \w+ by ben\)/);
    expect(out + err).not.toContain('override undo');
  } finally {
    front.closeAllConnections();
    front.close();
  }
});

test('where somebody wrote past rlctl, nobody is named for it, and every part of the result says the same', async () => {
  const { world } = state.lab;
  const front = await frontThatLets(() => state.lab.store('{"/api/same":{"rate":31}}'));
  try {
    const { port } = front.address() as AddressInfo;
    const env = { RLCTL_ACTOR: 'ann', RLCTL_API: `http://127.0.0.1:${port}` };
    const { code, out, err } = await world.main(['override', 'set', '/api/same', '--rate', '30', '--json'], { env });
    expect(code, err).toBe(8);
    const { proof, steps } = jsonOf<Result & { steps: readonly object[] }>(out);
    expect(proof.diagnosis).toContain('"/api/same" was changed again since past rlctl, so');
    expect(steps).toContainEqual(
      expect.objectContaining({ name: 'verify', state: 'unverified', detail: proof.diagnosis }),
    );
  } finally {
    front.closeAllConnections();
    front.close();
  }
});

test('the undo that an unproven change prints takes that change back, and never a newer one of somebody else', async () => {
  const { world } = state.lab;
  const ann = ['override', 'set', '/api/ann', '--rate', '30', '--secret-file', await world.write('wrong', 'not it')];
  const ben = ['override', 'set', '/api/ben', '--rate', '31'];
  const printed = async (): Promise<readonly string[]> => {
    const { code, out } = await world.main(ann);
    expect(code).toBe(8);
    const words = /(override undo --if-revision [0-9a-f]{12})/.exec(out)?.[1];
    if (words === undefined) throw new TypeError(`no undo in ${out}`);
    return words.split(' ');
  };
  expect(await world.main(await printed())).toMatchObject({ code: 0 });
  expect(await state.lab.document()).not.toContain('/api/ann');
  const undo = await printed();
  expect(await world.main(ben)).toMatchObject({ code: 0 });
  const refused = errorOf(await world.main([...undo, '--json']));
  expect([refused.exitCode, refused.code]).toEqual([5, 'REVISION_MISMATCH']);
  expect(refused.hint).toContain('override history');
  expect(await state.lab.document()).toContain('/api/ben');
});
