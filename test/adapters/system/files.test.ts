import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemFiles } from '../../../src/adapters/system/files.js';

const state = { folder: '' };
beforeEach(async () => {
  state.folder = await mkdtemp(join(tmpdir(), 'rlctl-files-'));
});
afterEach(() => rm(state.folder, { recursive: true, force: true }));
const path = (): string => join(state.folder, 'file');

async function linesOf(text: string): Promise<readonly string[]> {
  await writeFile(path(), text);
  const lines: string[] = [];
  for await (const line of systemFiles.readLines(path())) lines.push(line);
  return lines;
}

describe('readLines', () => {
  test.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\nb', ['a', '', 'b']],
    ['\n', ['']],
  ])('%j', async (text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  test('a line longer than what is read at once, and characters on its edge, come whole', async () => {
    const lines = ['é😀'.repeat(200_000), 'x', `a${'é'.repeat(300_000)}`];
    expect(await linesOf(lines.join('\n'))).toEqual(lines);
  });

  test('a file that is not there is a usage error', async () => {
    await expect(systemFiles.readLines(path())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      kind: 'usage',
      code: 'FILE_UNREADABLE',
    });
  });
});

describe('createPrivate', () => {
  test('puts what was appended in its place at the end only, for its owner alone', async () => {
    await writeFile(path(), 'old', { mode: 0o644 });
    const file = await systemFiles.createPrivate(path());
    await file.append('new ');
    await file.append('text');
    expect(await readFile(path(), 'utf8')).toBe('old');
    await file.commit();
    expect(await readFile(path(), 'utf8')).toBe('new text');
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(await readdir(state.folder)).toEqual(['file']);
  });

  test('discarded it leaves everything as it was', async () => {
    const file = await systemFiles.createPrivate(path());
    await file.append('half');
    await file.discard();
    await file.discard();
    expect(await readdir(state.folder)).toEqual([]);
  });

  test('a folder that is none is told by the file’s name', async () => {
    await writeFile(path(), '');
    await expect(systemFiles.createPrivate(join(path(), 'below'))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: expect.stringContaining('below cannot be written') as string,
    });
  });
});
