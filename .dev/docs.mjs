// `npm run docs`: writes what is made of the code. docs/api/, the reference, is made of the types in js/*.d.ts: one page for each entry of the
// package; everything that is exported has to be documented, and every link has to lead somewhere, else this fails. docs/floors.svg is made of
// the imports in src/: see floors.mjs. `tests/js/reference.test.mjs` compares what is committed with what this makes.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Comment, Converter, DeclarationReflection, IntrinsicType, LiteralType, Logger, LogLevel, PageEvent, ReflectionKind, SignatureReflection } from 'typedoc';
import { draw, PICTURE } from './floors.mjs';
import { main, ROOT, say } from './steps.mjs';

export const REFERENCE = join(ROOT, 'docs/api');

const LAYOUT = {
  router: 'module',
  entryFileName: 'README',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  enumMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideDefaults: false, hideSources: true },
};

/** The types of each entry of the package. */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'pkg-template/package.json'), 'utf8'));
  const paths = Object.keys(exports).filter((path) => path !== './package.json');
  return paths.map((path) => join(ROOT, 'js', `${path === '.' ? 'index' : path}.d.ts`));
}

/** What each error code means, by docs/errors.md. @returns {Map<string, string>} */
function meanings() {
  const rows = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').matchAll(/^\| `(\w+)` \| \w+ \|[^|]*\| ([^|]+) \|/gm);
  return new Map([...rows].map(([, code, meaning]) => [code, `${meaning}.`]));
}

/** What pages say of a code that nothing in doorcode uses. */
export const UNUSED = 'MSAL has it; doorcode does not use it.';

/**
 * Leaves out what a page would say twice, and says of each error code what docs/errors.md says of it.
 * @param {import('typedoc').ProjectReflection} project
 */
function edit(project) {
  const meaning = meanings();
  for (const reflection of Object.values(project.reflections)) {
    if (reflection instanceof SignatureReflection) {
      delete reflection.inheritedFrom;
      delete reflection.implementationOf;
    }
    if (!(reflection instanceof DeclarationReflection)) continue;
    // A member is where it is declared; a class or an interface links to what it extends. What may only be undefined tells one half of a
    // union from the other.
    const isInherited = reflection.inheritedFrom && reflection.kindOf(ReflectionKind.ClassOrInterface | ReflectionKind.SomeMember);
    const isNothing = reflection.type instanceof IntrinsicType && reflection.type.name === 'undefined';
    if (isInherited || isNothing) project.removeReflection(reflection);
    else if (reflection.parent?.parent?.name.endsWith('ErrorCodes') && reflection.type instanceof LiteralType && !reflection.hasComment()) {
      const text = meaning.get(String(reflection.type.value)) ?? UNUSED;
      reflection.comment = new Comment([{ kind: 'text', text }]);
    }
  }
}

/**
 * The page to begin with: everything that is exported, with the first sentence on it.
 * @param {import('typedoc').ProjectReflection} project
 * @param {import('typedoc').Router} router
 */
function contents(project, router) {
  const lines = ['# Reference', '', 'Made from the types by `npm run docs`. Everything that is exported, by the entry that it is imported from:'];
  for (const entry of project.children ?? []) {
    lines.push('', `## [${entry.name}](${router.getFullUrl(entry)})`);
    for (const { title, children } of entry.groups ?? []) {
      lines.push('', `${title.replace('Aliases', 'aliases')}:`, '');
      for (const child of children) {
        const { comment } = 'signatures' in child ? child.signatures?.[0] ?? child : child;
        const [sentence = ''] = /^[^]*?\.(?=\s|$)/.exec(Comment.combineDisplayParts(comment?.summary)) ?? [];
        lines.push(`- [\`${child.name}\`](${router.getFullUrl(child)}): ${sentence.replaceAll('\n', ' ')}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Writes the reference.
 * @param {string} folder what else is in there is removed
 * @returns {Promise<string[]>} what TypeDoc complains of
 */
export async function writeReference(folder) {
  /** @type {string[]} */
  const complaints = [];
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    tsconfig: join(ROOT, 'js/tsconfig.json'),
    entryPoints: entries(),
    name: 'doorcode',
    out: folder,
    readme: 'none',
    logLevel: 'Warn',
    // Nothing that changes with the day, the machine or the commit.
    disableSources: true,
    disableGit: true,
    hideGenerator: true,
    includeVersion: false,
    excludePrivate: true,
    excludeExternals: true,
    sort: ['source-order'],
    groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables', 'Enumerations'],
    validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true, unusedMergeModuleWith: true },
    requiredToBeDocumented: [
      'Class', 'Interface', 'TypeAlias', 'Function', 'Variable', 'Enum', 'EnumMember', 'Property', 'Method', 'Accessor',
      'Constructor',
    ],
    // Of the plugin: a page for each entry, tables for properties, and no frame around the pages.
    ...LAYOUT,
  });
  app.logger = new (class extends Logger {
    /** @override @param {string} message @param {LogLevel} level */
    log(message, level) {
      super.log(message, level);
      if (level >= LogLevel.Warn) complaints.push(message);
    }
  })();
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => edit(project));
  app.renderer.on(PageEvent.END, (page) => {
    if (page.model === page.project && app.renderer.router) page.contents = contents(page.project, app.renderer.router);
  });
  const project = await app.convert();
  if (project) {
    app.validate(project);
    await app.generateOutputs(project);
  }
  return complaints;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(async () => {
    const complaints = await writeReference(REFERENCE);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    writeFileSync(PICTURE, draw());
    for (const path of [REFERENCE, PICTURE]) say(`✓ ${relative(ROOT, path)}`);
  });
}
