// Runs WebAssembly test programs under node and sums their tests up: node tests/wasm/run_programs.mjs PROGRAM.wasm...
//
// Each is a GoogleTest program, run in a process of its own, as many at a time as there are processors. The last line is
// "N passed, M failed"; a program that does not come to its own summary (a trap, a time-out) counts as one failure.
//
// All tests of the rooms run here. Two of them have less to say: death tests need a process to fork, so
// EXPECT_DEATH_IF_SUPPORTED (base/assert_test.cpp, driver/driver_test.cpp) is empty.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 240_000;
const runner = fileURLToPath(new URL('run_program.mjs', import.meta.url));

function run(program) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--no-warnings', runner, program, '--gtest_brief=1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const timer = setTimeout(() => {
      output += `\n${program}: ended after ${TIMEOUT_MS / 1000} s`;
      child.kill('SIGKILL');
    }, TIMEOUT_MS);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const number = (pattern) => Number(pattern.exec(output)?.[1] ?? 0);
      const ran = number(/^\[==========\] (\d+) tests? from .* ran/m);
      let failed = number(/^\s*(\d+) FAILED TESTS?/m);
      const skipped = number(/^\[ {2}SKIPPED \] (\d+) tests?/m);
      if (failed === 0 && (status !== 0 || ran === 0)) {
        failed = 1;
        output += `\n${program}: ended with ${signal ?? `status ${status}`}`;
      }
      resolve({ program, output, passed: Math.max(ran - failed - skipped, 0), failed });
    });
  });
}

const queue = process.argv.slice(2);
let passed = 0;
let failed = 0;
async function worker() {
  for (let program = queue.shift(); program !== undefined; program = queue.shift()) {
    const started = Date.now();
    const result = await run(program);
    passed += result.passed;
    failed += result.failed;
    if (result.failed > 0) console.log(result.output);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${basename(program)}: ${result.passed} passed, ${result.failed} failed, ${seconds} s`);
  }
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), queue.length) }, worker));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
