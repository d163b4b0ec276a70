// engine.mjs - DuckDB or ClickHouse's engine (chdb) in a process of its own, asked over a pipe.
//
//	node engine.mjs duckdb|clickhouse DATABASE MODULES
//
// DATABASE is the engine's own file or directory, MODULES a directory whose node_modules hold the packages.
// Each line of standard input is a JSON object { sql, rows }; each line of output answers one:
// { wall, cpu, kib, rows } or { error }.  wall is the time of the statement in milliseconds, until its result is
// complete in the engine's memory or in the file it writes, without its translation to JavaScript; cpu what all threads
// of the process used meanwhile; kib the most memory that it held, the engine's own caches included; rows, where they
// were asked for, lists of strings.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const [kind, database, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'x.js'));

async function duckdb() {
	const { DuckDBInstance } = require('@duckdb/node-api');
	const instance = await DuckDBInstance.create(database);
	const connection = await instance.connect();

	return {
		run: sql => connection.run(sql),
		rows: async result => (await result.getRows()).map(row => row.map(String)),
	};
}

// Values of the queries hold neither quotes nor commas.
async function clickhouse() {
	const { Session } = require('chdb');
	const session = new Session(database);

	return {
		run: sql => session.queryAsync(sql, { format: 'CSV' }),
		rows: async result => result.text().split('\n').filter(line => line !== '')
			.map(line => line.replaceAll('"', '').split(',')),
	};
}

// Forget the peak so far (proc(5), clear_refs); where that cannot be, it is that of the process.
function forgetPeak() {
	try {
		fs.writeFileSync('/proc/self/clear_refs', '5');
	} catch {
		// not Linux, or not allowed
	}
}

function peak() {
	const status = fs.readFileSync('/proc/self/status', 'latin1');

	return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0);
}

async function answer(engine, request) {
	forgetPeak();
	const used = process.cpuUsage();
	const start = performance.now();
	const result = await engine.run(request.sql);
	const wall = performance.now() - start;
	const { user, system } = process.cpuUsage(used);
	const kib = peak();

	return { wall, cpu: (user + system) / 1000, kib, rows: request.rows ? await engine.rows(result) : null };
}

const engine = await { duckdb, clickhouse }[kind]();
for await (const line of readline.createInterface({ input: process.stdin })) {
	const reply = await answer(engine, JSON.parse(line)).catch(error => ({ error: String(error.message) }));

	await new Promise(written => process.stdout.write(JSON.stringify(reply) + '\n', written));
}
process.exit(0);
