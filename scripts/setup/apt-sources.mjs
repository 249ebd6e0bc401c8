/** Reads apt's sources and derives the backports source from them: same mirror, same keyring. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One source: {types, uris, suites, components: string[], options: {name: value}}.
 * Option names are as in deb822 (`Signed-By`), values as written, multi-line ones (embedded keys) included.
 */

function words(text) {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

function stanzaFields(stanza) {
  const fields = {};
  let last = null;
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    if (/^\s/.test(line) && last) {
      fields[last] += `\n${line}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    last = line.slice(0, colon).trim().toLowerCase();
    fields[last] = line.slice(colon + 1).trim();
  }
  return fields;
}

/** Parses the deb822 format (`*.sources`); disabled stanzas are left out. */
export function parseDeb822(text) {
  const sources = [];
  for (const stanza of text.split(/\n[ \t]*\n/)) {
    const fields = stanzaFields(stanza);
    if (!fields.uris || /^(no|false|off|0|without|disable)$/i.test(fields.enabled ?? 'yes')) continue;
    const options = {};
    for (const [key, name] of keptOptions) if (fields[key]) options[name] = fields[key];
    sources.push({
      types: words(fields.types),
      uris: words(fields.uris),
      suites: words(fields.suites),
      components: words(fields.components),
      options,
    });
  }
  return sources;
}

/** Options that the backports source takes over from its model. */
const keptOptions = [
  ['signed-by', 'Signed-By'],
  ['trusted', 'Trusted'],
  ['architectures', 'Architectures'],
  ['arch', 'Architectures'],
  ['check-valid-until', 'Check-Valid-Until'],
  ['allow-insecure', 'Allow-Insecure'],
];

function lineOptions(text) {
  const options = {};
  for (const [, key, value] of (text ?? '').matchAll(/([a-z-]+)\s*=\s*(\S+)/gi)) {
    const name = keptOptions.find(([option]) => option === key.toLowerCase())?.[1];
    if (name) options[name] = value.replaceAll(',', ' ');
  }
  return options;
}

/** Parses the one-line format (`sources.list`, `*.list`). */
export function parseList(text) {
  const sources = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!match) continue;
    sources.push({
      types: [match[1]],
      uris: [match[3]],
      suites: [match[4]],
      components: words(match[5]),
      options: lineOptions(match[2]),
    });
  }
  return sources;
}

/** All enabled binary sources below `etc` (default /etc/apt). */
export function readSources(etc = '/etc/apt') {
  const folder = join(etc, 'sources.list.d');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = [join(etc, 'sources.list'), ...names.map((name) => join(folder, name))].filter((path) =>
    existsSync(path),
  );
  const parsed = files.flatMap((path) => {
    if (path.endsWith('.sources')) return parseDeb822(readFileSync(path, 'utf8'));
    return path.endsWith('.list') ? parseList(readFileSync(path, 'utf8')) : [];
  });
  return parsed.filter((source) => source.types.includes('deb'));
}

/** Names under which a mirror's main archive may be configured instead of the code name. */
const aliases = ['stable', 'oldstable', 'oldoldstable'];

function servesMain(source, suite) {
  return source.suites.includes(suite) && source.components.includes('main');
}

/**
 * The backports source for a release.
 * @returns {{configured: boolean, text: string | null}} text is a deb822 stanza, null where no source could be the model
 */
export function backportsSource(sources, codename) {
  const suite = `${codename}-backports`;
  if (sources.some((source) => servesMain(source, suite))) return { configured: true, text: null };
  const model = [codename, ...aliases].map((name) => sources.find((source) => servesMain(source, name))).find(Boolean);
  if (!model) return { configured: false, text: null };
  const lines = ['Types: deb', `URIs: ${model.uris.join(' ')}`, `Suites: ${suite}`, 'Components: main'];
  // A value that begins with a line break (an embedded key) follows its colon directly.
  for (const [name, value] of Object.entries(model.options))
    lines.push(`${name}:${value.startsWith('\n') ? '' : ' '}${value}`);
  return { configured: false, text: `${lines.join('\n')}\n` };
}
