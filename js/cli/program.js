// The commands and their flags. What a command does is loaded when it runs.

import { resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { FLOWS, OUTPUTS, SHELLS, STORES } from './choices.js';
import { Exit } from './failure.js';
import { clean } from './terminal.js';

const EXIT_CODES = `
Exit codes:
  ${Exit.done}    done
  ${Exit.failed}    failed
  ${Exit.usage}    the command line, the profile or the configuration is wrong
  ${Exit.signInNeeded}    somebody has to sign in, and nobody is to be asked (--silent, refresh)
  ${Exit.declined}    the person declined
  ${Exit.expired}    nobody signed in in time
  ${Exit.cancelled}  cancelled (Ctrl-C)`;

/**
 * @param {AbortSignal} signal ends what runs
 * @returns {Command}
 */
export function program(signal) {
  const doorcode = new Command('doorcode')
    .description('Get tokens on the command line: people sign in with a code on any device, or in a browser here; services prove themselves.')
    .version(DOORCODE_VERSION, '-V, --version', 'print the version')
    .exitOverride()
    // It quotes what was typed, or what somebody's script has passed on.
    .configureOutput({ outputError: (text, write) => write(`${text.trimEnd().split('\n').map(clean).join('\n')}\n`) })
    .showHelpAfterError('  See how it is used: doorcode --help')
    .addHelpText('after', examples(
      'doorcode get-token --client-id <id> --tenant contoso.com --scope User.Read',
      'doorcode config create work --client-id <id> --tenant contoso.com',
      'TOKEN=$(doorcode get-token --profile work)',
    ))
    .addHelpText('after', EXIT_CODES);

  /**
   * A command; `load` brings what it does.
   * @param {Command} parent
   * @param {string} usage its name and arguments
   * @param {string} description
   * @param {() => Promise<(options: any, signal: AbortSignal, ...args: any[]) => unknown>} load
   */
  function add(parent, usage, description, load) {
    const called = [...(parent === doorcode ? [] : ['doorcode']), parent.name(), usage.split(' ')[0]].join(' ');
    return parent.command(usage).description(description)
      .showHelpAfterError(`  See how it is used: ${called} --help`)
      .option('-v, --verbose', 'say what happens, and all that is known of an error')
      .action(async (...given) => {
        // The arguments come first, then the flags, and then the command itself.
        await (await load())(given.at(-2), signal, ...given.slice(0, -2));
      });
  }

  for (const group of [tokens, people, looks, profiles]) group(add, doorcode);
  add(doorcode, 'completion', 'print a script that completes commands, flags and profiles', async () => {
    const { completion } = await import('./completion.js');
    return (options, signal, shell) => completion(doorcode, shell);
  })
    .addArgument(new Argument('<shell>', 'the shell that is to read it').choices(SHELLS))
    .addHelpText('after', examples(
      `echo 'eval "$(doorcode completion bash)"' >> ~/.bashrc`,
      "echo 'autoload -U compinit; compinit; source <(doorcode completion zsh)' >> ~/.zshrc",
      'doorcode completion fish > ~/.config/fish/completions/doorcode.fish',
    ));
  // What these scripts call: `doorcode complete -- <words>`.
  doorcode.command('complete [words...]', { hidden: true }).action(async (words) => (await import('./completion.js')).complete(doorcode, words));
  return doorcode;
}

/** @typedef {(parent: Command, usage: string, description: string, load: () => Promise<(options: any, signal: AbortSignal, ...args: any[]) => unknown>) => Command} Add */

/** @param {Add} add @param {Command} doorcode */
function tokens(add, doorcode) {
  token(whom(add(doorcode, 'get-token', 'print an access token: from the cache if that will do, else after somebody has signed in',
    async () => (await import('./get-token.js')).getToken)))
    .option('--silent', 'ask nobody: end with 3 if somebody has to sign in')
    .option('--force-refresh', 'renew the token, even if the one at hand is good')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(OUTPUTS).default('text'))
    .addOption(new Option('--output-file <file>', 'write it there, for you alone to read').argParser(file))
    .addHelpText('after', examples(
      'TOKEN=$(doorcode get-token --profile work)',
      'curl -H "$(doorcode get-token --profile work -o header)" https://graph.microsoft.com/v1.0/me',
      'doorcode get-token --client-id <id> --authority https://id.example --oidc --scope email -o json',
      'doorcode get-token --profile work --silent || echo "sign in first"',
      'doorcode get-token --profile work --flow interactive-browser',
      'doorcode get-token --flow client-credentials --client-certificate orders.pem --client-id <id> --tenant contoso.com --scope api://orders/.default',
    ))
    .addHelpText('after', EXIT_CODES);

  token(whom(add(doorcode, 'call <url>', 'GET a URL with an access token, for a first look at an API', async () => (await import('./call.js')).call)))
    .option('--silent', 'ask nobody: end with 3 if somebody has to sign in')
    .option('-i, --include', 'print the status and the headers as well')
    .addHelpText('after', examples('doorcode call --profile work https://graph.microsoft.com/v1.0/me'))
    .addHelpText('after', EXIT_CODES);
}

/** @param {Add} add @param {Command} doorcode */
function people(add, doorcode) {
  whom(add(doorcode, 'accounts', 'list who is signed in', async () => (await import('./accounts.js')).accounts))
    .option('--json', 'as JSON')
    .addHelpText('after', examples('doorcode accounts --profile work', 'doorcode accounts --json'));

  account(whom(add(doorcode, 'sign-out', 'forget an account and its tokens', async () => (await import('./accounts.js')).signOut)))
    .addOption(new Option('--all', 'everybody').conflicts('account'))
    .addHelpText('after', examples('doorcode sign-out --profile work', 'doorcode sign-out --account ada@contoso.com', 'doorcode sign-out --all'));

  flow(account(scope(whom(add(doorcode, 'refresh', 'renew a token now, without asking anybody', async () => (await import('./accounts.js')).refresh)))))
    .addHelpText('after', examples('doorcode refresh --profile work'))
    .addHelpText('after', EXIT_CODES);
}

/** @param {Add} add @param {Command} doorcode */
function looks(add, doorcode) {
  add(doorcode, 'inspect', 'show what is in a token; its signature is not verified', async () => (await import('./inspect.js')).inspect)
    .addOption(new Option('-t, --token <token>', 'the token; others on this machine may see it there').conflicts('file'))
    .addOption(new Option('-f, --file <file>', 'the file that it is in (default: standard input)').argParser(file))
    .option('--json', 'as JSON')
    .addHelpText('after', examples('doorcode get-token --profile work | doorcode inspect', 'doorcode inspect -f token.txt'));

  flow(scope(whom(add(doorcode, 'doctor', 'look for what could keep people from signing in', async () => (await import('./doctor.js')).doctor))))
    .option('--json', 'as JSON')
    .addHelpText('after', examples('doorcode doctor --profile work', 'doorcode doctor --client-id <id> --tenant contoso.com'));
}

/** @param {Add} add @param {Command} doorcode */
function profiles(add, doorcode) {
  const config = doorcode.command('config').description('make, show and change profiles: whom to ask, for what, under a name')
    .showHelpAfterError('  See how it is used: doorcode config --help')
    .addHelpText('after', examples('doorcode config create work --client-id <id> --tenant contoso.com --scope User.Read', 'doorcode config list'));
  const load = (/** @type {Exclude<keyof typeof import('./config.js'), 'default'>} */ name) => async () => (await import('./config.js'))[name];

  for (const [parent, name] of /** @type {const} */ ([[config, 'create'], [doorcode, 'create-profile']])) {
    settings(add(parent, `${name} [name]`, parent === config ? 'make a profile; asks for what is missing' : 'the same as config create', load('create')))
      .option('--default', 'use it where no profile is named')
      .addHelpText('after', examples(`doorcode ${parent === config ? 'config ' : ''}${name} work --client-id <id> --tenant contoso.com --scope User.Read`));
  }
  for (const [parent, name] of /** @type {const} */ ([[config, 'list'], [doorcode, 'list-profiles']])) {
    add(parent, name, parent === config ? 'list all profiles' : 'the same as config list', load('list')).option('--json', 'as JSON')
      .addHelpText('after', examples(`doorcode ${parent === config ? 'config ' : ''}${name} --json`));
  }
  add(config, 'show [name]', 'show a profile; the default one if none is named', load('show')).option('--json', 'as JSON')
    .addHelpText('after', examples('doorcode config show work'));
  settings(add(config, 'edit [name]', 'change a profile; asks what if no flag says', load('edit')))
    .addOption(many('--unset <field>', 'remove a field, such as tenant; may be given again'))
    .addHelpText('after', examples('doorcode config edit work --scope User.Read --scope Mail.Read', 'doorcode config edit work --unset tenant --authority https://id.example --oidc'));
  add(config, 'delete <name>', 'delete a profile, and sign its people out', load('remove'))
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples('doorcode config delete work --yes'));
  add(config, 'export [name]', 'print a profile, for somebody else to import', load('exportProfile'))
    .addOption(new Option('--output-file <file>', 'write it there').argParser(file))
    .addHelpText('after', examples('doorcode config export work > work.json'));
  add(config, 'import [file]', 'make a profile from what export printed; from standard input if no file is named', load('importProfile'))
    .option('--name <name>', 'call it so')
    .option('--replace', 'even if there is a profile of that name')
    .addHelpText('after', examples('doorcode config import work.json', 'doorcode config import --name colleague < work.json'));
  add(config, 'set-default <name>', 'use a profile where none is named', load('setDefault'))
    .addHelpText('after', examples('doorcode config set-default work'));
}

/** The flags that say which app, at which server. @param {Command} command */
function whom(command) {
  return server(command.option('-p, --profile <name>', 'the profile to use (or DOORCODE_PROFILE; or the default one)'));
}

/** @param {Command} command */
function server(command) {
  return command
    .option('--client-id <id>', 'the app that people sign in to')
    .option('--tenant <tenant>', 'the id or domain of an Entra tenant; or organizations, common, consumers')
    .option('--authority <url>', 'whom to ask, if it is not Entra\'s public cloud')
    .option('--oidc', 'the authority is an OpenID provider, named by its issuer')
    .option('--device-endpoint <url>', 'of a plain OAuth server, such as GitHub')
    .option('--token-endpoint <url>', 'of a plain OAuth server, such as GitHub')
    .addOption(many('--known-authority <host>', 'a host that you vouch for; may be given again'))
    .addOption(new Option('--store <where>', 'where tokens are kept: a file that only you may read, the same encrypted, or nowhere').choices(STORES));
}

/** All that a profile can say. @param {Command} command */
function settings(command) {
  return flow(account(scope(server(command))));
}

/** @param {Command} command */
function flow(command) {
  return command
    .addOption(new Option('--flow <flow>', 'a code for any device (device-code, the usual), a browser here, or a service that proves itself').choices(FLOWS))
    .addOption(new Option('--client-certificate <file>', 'PEM with the certificate and key of a service').argParser(path))
    .addOption(new Option('--client-assertion-file <file>', 'what a platform, such as Kubernetes, writes for a service; read for each token').argParser(path));
}

/** @param {Command} command */
function account(command) {
  return command.option('--account <user>', 'whose token: what they type to sign in');
}

/** @param {Command} command */
function scope(command) {
  return command
    .addOption(many('-s, --scope <scope>', 'what the token is to be good for; may be given again'))
    .option('--resource <uri>', 'the API that the token is for (RFC 8707)');
}

/** The flags that say which token, and how people sign in for it. @param {Command} command */
function token(command) {
  return flow(account(scope(command)))
    .addOption(new Option('--timeout <seconds>', 'give up after so long').argParser(seconds))
    .option('--renew', 'get a new code when one expires')
    .option('--no-qr', 'show no QR code')
    .option('--open', 'open the page and copy the code');
}

/** A flag that may be given again, or with several values in one. @param {string} flags @param {string} description */
function many(flags, description) {
  return new Option(flags, description).argParser((value, /** @type {string[] | undefined} */ before) => [
    ...(before ?? []),
    ...value.split(/[\s,]+/).filter(Boolean),
  ]);
}

/** @param {string} value */
function seconds(value) {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number of seconds, such as 300.');
}

/** What an unset variable of a script leaves is the name of no file. @param {string} value */
function file(value) {
  if (value) return value;
  throw new InvalidArgumentError('It must be the name of a file.');
}

/** A file, by its path from the root on: a profile is used in other folders as well. @param {string} value */
function path(value) {
  return resolve(file(value));
}

/** @param {string[]} lines */
function examples(...lines) {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
