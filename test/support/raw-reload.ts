import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { Sandbox } from '../../src/sandbox/sandbox.js';

/** Reloads a sandbox past rlctl, `times` times, each on a connection of its own. Throws where one is refused. */
export async function reloadRaw(sandbox: Sandbox, times = 1): Promise<void> {
  const secret = (await readFile(sandbox.secretFile, 'utf8')).trim();
  const isDocumented = sandbox.behaviour.signing === 'documented';
  const signature = createHmac('sha256', secret)
    .update(isDocumented ? 'reload' : '')
    .digest('hex');
  const headers: Record<string, string> = isDocumented
    ? { 'X-Config-Signature': signature, 'Content-Type': 'application/json' }
    : { 'X-Config-Reload-Signature': signature };
  for (let sent = 0; sent < times; sent += 1) {
    const status = await post(`${sandbox.origin}${sandbox.basePath}/config/reload`, headers, isDocumented);
    if (status !== 200) throw new Error(`the reload was answered with ${status}`);
  }
}

function post(url: string, headers: Record<string, string>, hasBody: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(hasBody ? '{"action": "reload"}' : undefined);
  });
}
