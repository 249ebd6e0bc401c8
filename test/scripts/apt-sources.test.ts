import { describe, expect, it } from 'vitest';
import { backportsSource, parseDeb822, parseList } from '../../scripts/setup/apt-sources.mjs';

const debian = `Types: deb
# a comment within the stanza
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

describe('backportsSource', () => {
  it('takes mirror and keyring over from a deb822 source', () => {
    expect(backportsSource(parseDeb822(debian), 'bookworm')).toEqual({
      configured: false,
      text: [
        'Types: deb',
        'URIs: http://mirror.example/debian',
        'Suites: bookworm-backports',
        'Components: main',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
      ].join('\n'),
    });
  });

  it('takes mirror and options over from a one-line source', () => {
    const list =
      '#deb http://old.example bookworm main\ndeb [arch=amd64,i386 signed-by=/k.gpg] http://m.example bookworm main # x\n';
    const { text } = backportsSource(parseList(list), 'bookworm');
    expect(text).toContain('URIs: http://m.example\n');
    expect(text).toContain('Architectures: amd64 i386\n');
    expect(text).toContain('Signed-By: /k.gpg\n');
  });

  it('keeps a keyring that is embedded in the source', () => {
    const embedded = debian.replace('/usr/share/keyrings/debian-archive-keyring.gpg', '\n -----BEGIN\n .\n KEY');
    expect(backportsSource(parseDeb822(embedded), 'bookworm').text).toContain('Signed-By:\n -----BEGIN\n .\n KEY\n');
  });

  it('sees that backports are configured', () => {
    const more = `${debian}\nTypes: deb\nURIs: http://m.example\nSuites: bookworm-backports\nComponents: main\n`;
    expect(backportsSource(parseDeb822(more), 'bookworm')).toEqual({ configured: true, text: null });
  });

  it('ignores a disabled source and says that there is no model', () => {
    const disabled = debian.replaceAll('Types: deb', 'Enabled: no\nTypes: deb');
    expect(backportsSource(parseDeb822(disabled), 'bookworm')).toEqual({ configured: false, text: null });
  });

  it('accepts a mirror that names the release by its alias', () => {
    const { text } = backportsSource(parseList('deb http://m.example oldstable main\n'), 'bookworm');
    expect(text).toContain('Suites: bookworm-backports\n');
  });
});
