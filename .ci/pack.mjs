// Packs the many chunks that a splitting bundler makes into few files: finding and reading fifty small files takes longer
// than running what is in them.
import { basename } from 'node:path';

/**
 * The files of the program by name. `outputs` is what esbuild tells of each chunk and `codes` its code as CommonJS, both by
 * the chunk's name; `entries` are entry chunks, each with the entry points that every start of it needs besides.
 */
export function packed(outputs, codes, entries) {
  const chunkOf = (entryPoint) => [...outputs].find(([, output]) => output.entryPoint === entryPoint)[0];
  const programs = entries.map(({ name, needs }) => ({
    name,
    inside: closure(outputs, [name, ...needs.map(chunkOf)]),
  }));
  const isAtStart = (name) => programs.some(({ inside }) => inside.has(name));
  const isInAll = (name) => programs.every(({ inside }) => inside.has(name));
  const isEntry = (name) => programs.some((program) => program.name === name);
  const libraries = [...codes.keys()].filter((name) => isLibrary(outputs.get(name)) && !isAtStart(name));
  const rest = [...codes.keys()].filter((name) => !isInAll(name) && !isEntry(name) && !libraries.includes(name));
  const definitions = (names) =>
    [...names].map((name) => `${JSON.stringify(name)}(module,exports,require){${codes.get(name)}}`).join(',\n');
  return new Map([
    ...programs.map(({ name, inside }) => [name, entryFile(name, definitions(inside))]),
    ['rest.js', `"use strict";module.exports={${definitions(rest)}};`],
    ...libraries.map((name) => [name, `module.exports=(module,exports,require)=>{${codes.get(name)}};`]),
  ]);
}

/** Whether a chunk is a library's: larger than all of ours, and needed by few commands, it stays a file of its own. */
function isLibrary({ inputs, bytes }) {
  const foreign = Object.entries(inputs).filter(([path]) => path.includes('node_modules/'));
  const foreignBytes = foreign.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
  return foreignBytes > bytes / 2 && bytes > 8000;
}

/** The chunks that these load at once, themselves included. */
function closure(outputs, names) {
  const found = new Set(names);
  for (const name of found) {
    for (const { path, kind, external } of outputs.get(name).imports) {
      if (kind === 'import-statement' && !external) found.add(basename(path));
    }
  }
  return found;
}

function entryFile(name, definitions) {
  return `"use strict";
const loaded=new Map();
let known={${definitions}};
let isWhole=false;
function load(path){
if(path.slice(0,2)!=="./")return require(path);
const name=path.slice(2),have=loaded.get(name);
if(have!==undefined)return have.exports;
if(!(name in known)&&!isWhole){known={...require("./rest.js"),...known};isWhole=true}
const define=known[name]??require(path);
const module={exports:{}};
loaded.set(name,module);
define(module,module.exports,load);
return module.exports;
}
module.exports=load(${JSON.stringify(`./${name}`)});
`;
}
