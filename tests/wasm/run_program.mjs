// Runs one WebAssembly program that has a main(): node tests/wasm/run_program.mjs PROGRAM.wasm [ARGUMENT...]
//
// It sees the repository, under its own path, to read the golden files, and nothing else. Its exit status is ours.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';

const [program, ...args] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const wasi = new WASI({ version: 'preview1', args: [program, ...args], preopens: { [root]: root }, returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(program));
process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
