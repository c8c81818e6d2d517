// `doorcode completion`: its scripts in the real shells, which ask the command that was built.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { doorcode, Home } from './support/command.mjs';

const exec = promisify(execFile);
const COMMAND = fileURLToPath(new URL('../../pkg/cli/doorcode.js', import.meta.url));

/** Ends a shell that should have ended by itself. Nothing else waits for it. */
const PATIENCE = 60_000;

/**
 * For Zsh, which brings pseudo-terminals: starts the shell that its first arguments are, has it read the script, types a line, and prints what
 * arguments the line had in the end. Ctrl-A goes to the beginning of the line.
 */
const TYPE = `
zmodload zsh/zpty
typed=$1 script=$2; shift 2
zpty shell "$@"
zpty -w shell "PS1='READY''> '; $script"
zpty -r shell _ $'*READY> '
zpty -w -n shell "$typed"$'\\x01printf "<%s>" \\x05; echo "<""END>"\\r'
zpty -r shell seen $'*<END>'
print -rn -- "$seen"
zpty -d shell
`;

describe('doorcode completion', () => {
  /** @type {Home} */
  let home;
  let env;
  before(async () => {
    home = new Home();
    mkdirSync(home.path('bin'));
    writeFileSync(home.path('bin/doorcode'), `#!/bin/sh\nexec '${process.execPath}' '${COMMAND}' "$@"\n`);
    writeFileSync(home.path('bin/touch-ran'), `#!/bin/sh\ntouch '${home.path('ran')}'\n`);
    for (const name of ['doorcode', 'touch-ran']) chmodSync(home.path('bin', name), 0o755);
    env = { ...home.env, PATH: `${home.path('bin')}:${home.env.PATH}`, TERM: 'dumb' };
    writeFileSync(home.path('token.txt'), '');
    for (const name of ['work', 'other']) {
      assert.equal((await doorcode(['config', 'create', name, '--client-id', 'an-app'], { home })).code, 0);
    }
  });
  after(() => home.remove());

  const shell = (file, args) => exec(file, args, { cwd: home.folder, env, timeout: PATIENCE, killSignal: 'SIGKILL' });
  /** What a shell makes of what is typed. */
  async function typed(text, script, ...command) {
    const { stdout } = await shell('zsh', ['-f', '-c', TYPE, 'type', text, script, ...command]);
    return stdout.match(/<[^\r\n"%]*>(?=<END>)/)?.[0].slice(1, -1).split('><');
  }
  const SHELLS = {
    bash: (text) => typed(text, 'source <(doorcode completion bash); source <(doorcode completion bash)', 'bash --noprofile --norc -i'),
    zsh: (text) => typed(text, 'autoload -U compinit; compinit -u -d ~/.zcompdump; source <(doorcode completion zsh)', 'zsh -f -i'),
  };

  for (const [name, type] of Object.entries(SHELLS)) {
    describe(`in ${name}`, () => {
      for (const [text, words] of [
        ['doorcode get-to\t', ['doorcode', 'get-token']],
        ['doorcode config sh\t', ['doorcode', 'config', 'show']],
        ['doorcode config show wo\t', ['doorcode', 'config', 'show', 'work']],
        ['doorcode get-token --forc\t', ['doorcode', 'get-token', '--force-refresh']],
        ['doorcode get-token --output js\t', ['doorcode', 'get-token', '--output', 'json']],
        ['doorcode get-token --output=js\t', ['doorcode', 'get-token', '--output=json']],
        ['doorcode get-token --authority https://id.example -p ot\t', ['doorcode', 'get-token', '--authority', 'https://id.example', '-p', 'other']],
        ['doorcode accounts --store enc\t', ['doorcode', 'accounts', '--store', 'encrypted']],
        ['doorcode completion fi\t', ['doorcode', 'completion', 'fish']],
        ['doorcode config edit work --unset ten\t', ['doorcode', 'config', 'edit', 'work', '--unset', 'tenant']],
        ['doorcode inspect -f tok\t', ['doorcode', 'inspect', '-f', 'token.txt']],
        ['doorcode get-token --client-id tok\t', ['doorcode', 'get-token', '--client-id', 'tok']],
      ]) {
        it(`makes ${words.join(' ')} of ${text.trim()}`, async () => assert.deepEqual(await type(text), words));
      }

      it('runs nothing that stands on the line', async () => {
        await type("doorcode config show '$(touch ran)' \t");
        await type('doorcode config show $(touch ran) \t\x15echo ');
        await type("doorcode get-token '--output=$(touch-ran)=\t'");
        assert.ok(!existsSync(home.path('ran')));
      });
    });
  }

  describe('in fish', () => {
    const answers = async (line) => {
      const { stdout } = await shell('fish', ['--no-config', '-c', 'doorcode completion fish | source; complete --do-complete $argv[1]', line]);
      return stdout.trim().split('\n').map((answer) => answer.split('\t')[0]);
    };

    for (const [line, expected] of [
      ['doorcode get-to', ['get-token']],
      ['doorcode config sh', ['show']],
      ['doorcode config show ', ['other', 'work']],
      ['doorcode get-token --forc', ['--force-refresh']],
      ['doorcode get-token -o ', ['env', 'header', 'json', 'text']],
      ['doorcode get-token --output=js', ['--output=json']],
      ['doorcode get-token --authority https://id.example -p ot', ['other']],
      ['doorcode completion ', ['bash', 'fish', 'zsh']],
      ['doorcode inspect -f tok', ['token.txt']],
      ['doorcode get-token --client-id tok', ['']],
    ]) {
      it(`answers ${line.trim()} with ${expected}`, async () => assert.deepEqual((await answers(line)).sort(), expected));
    }
  });

  it('offers each command and no hidden one', async () => {
    const { stdout } = await doorcode(['complete', '--', ''], { home });
    const offered = stdout.trim().split('\n').slice(0, -1).map((line) => line.split('\t')[0]);
    const { stdout: help } = await doorcode(['--help'], { home });
    const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z-]+) .* {2}/gm)].map(([, name]) => name);
    assert.ok(commands.length > 8);
    assert.deepEqual(offered.filter((name) => name !== 'help').sort(), commands.filter((name) => name !== 'help').sort());
  });

  it('offers every profile to whatever takes one', async () => {
    for (const words of [['show'], ['edit'], ['delete'], ['export'], ['set-default']]) {
      const { stdout } = await doorcode(['complete', '--', 'config', ...words, ''], { home });
      assert.equal(stdout, 'other\t\nwork\t\n:4\n', words[0]);
    }
    const { stdout } = await doorcode(['complete', '--', 'config', 'create', ''], { home });
    assert.equal(stdout, ':4\n');
  });

  it('refuses a shell that it has nothing for', async () => {
    for (const args of [['tcsh'], ['powershell'], []]) {
      const { code, stdout, stderr } = await doorcode(['completion', ...args], { home });
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, args.length > 0 ? /bash, zsh, fish/ : /missing required argument 'shell'/);
    }
  });
});
