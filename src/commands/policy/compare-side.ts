import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { scanDocument } from '../../domain/override/document.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { OverrideIndex } from '../../domain/policy/prefix-index.js';
import { readable } from '../../procedures/override/plan.js';
import { recordedDocument } from '../../procedures/override/recorded-document.js';
import type { ComparedSide } from '../../ui/compare-view.js';
import { lastDocumentReload } from '../last-reload.js';
import { namedEnvironment } from '../named-environment.js';
import { loadDocument } from '../override/file.js';

/** A document to compare, and what it is for programs and people. */
export interface OpenSide extends ComparedSide {
  readonly overrides: OverrideIndex;
}

/** How a side of a comparison is named, for help. */
export const sideForms = 'a file, - (stdin), live, env:NAME or rev:REVISION';

/** Reads one side: `live`, `env:NAME`, `rev:REVISION`, else a file. Throws where it is not a readable document. */
export async function openSide(context: Context, name: string): Promise<OpenSide> {
  if (name === 'live') return stored(context, name, await context.environment());
  if (name.startsWith('env:'))
    return stored(
      context,
      name,
      await namedEnvironment(context, name.slice(4), { said: name, own: ['redis', 'namespace'] }),
    );
  if (name.startsWith('rev:')) return recorded(context, name, name.slice(4));
  const bytes = await loadDocument(context, name, 'document');
  return { name, revision: null, overrides: new OverrideIndex(loadOverrides(bytes)) };
}

async function stored(context: Context, name: string, environment: Environment): Promise<OpenSide> {
  context.progress.step(`reading what is stored in ${environment.name}`);
  const found = await (await context.store(environment)).read(context.deadline);
  const loaded = loadOverrides(found.bytes);
  const isText = found.type === 'string' || found.type === 'none';
  if (loaded.droppedBecause !== null || !isText) readable(found, false);
  return { name, revision: found.revision, overrides: new OverrideIndex(loaded) };
}

async function recorded(context: Context, name: string, wanted: string): Promise<OpenSide> {
  const environment = await context.environment();
  const ports = { store: await context.store(environment), deadline: context.deadline };
  const once = { lastReload: () => lastDocumentReload(context, environment) };
  const { revision, bytes } = await recordedDocument(ports, wanted, once);
  const loaded = loadOverrides(bytes);
  if (loaded.droppedBecause !== null) scanDocument(bytes);
  return { name, revision, overrides: new OverrideIndex(loaded) };
}
