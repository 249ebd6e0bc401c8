/** Small helpers for the page's elements. */

/** The element of an id that stands in index.html. */
export const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** A choice of a select. */
export const option = (value: string, text: string): HTMLOptionElement =>
  Object.assign(document.createElement('option'), { value, textContent: text });

/** A new element with text in it. */
export function made<K extends keyof HTMLElementTagNameMap>(tag: K, text: string): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), { textContent: text });
}

/** What an error says. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Resolves once the browser has painted what was changed before. */
export const painted = (): Promise<void> => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** All files below what was dropped. */
async function filesBelow(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...transfer.files];
  const below = async (entry: FileSystemEntry): Promise<File[]> => {
    if (entry.isFile)
      return [await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed))];
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: FileSystemEntry[] = [];
    // A reader gives some entries at a time.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (some.length === 0) break;
      found.push(...some);
    }
    return (await Promise.all(found.map(below))).flat();
  };
  return (await Promise.all(entries.map(below))).flat();
}

/** Files as a file input shows them. */
function listOf(files: readonly File[]): FileList {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  return transfer.files;
}

/**
 * Connects file inputs that stand for one thing, and the area that files can be dropped on.
 * @param inputs the first one shows what was dropped
 * @param take gets the files chosen last
 */
export function connectFiles(drop: string, inputs: readonly string[], take: (files: File[]) => void): void {
  const fields = inputs.map((id) => element<HTMLInputElement>(id));
  const chosen = (files: File[], field: HTMLInputElement) => {
    // The other inputs show what no longer counts.
    for (const other of fields) if (other !== field) other.value = '';
    take(files);
  };
  for (const field of fields) field.addEventListener('change', () => chosen([...(field.files ?? [])], field));
  const area = element(drop);
  const over = (event: DragEvent) => {
    event.preventDefault();
    area.classList.toggle('over', event.type === 'dragover');
  };
  area.addEventListener('dragover', over);
  area.addEventListener('dragleave', over);
  area.addEventListener('drop', async (event) => {
    over(event);
    if (!event.dataTransfer) return;
    const files = await filesBelow(event.dataTransfer);
    const [first] = fields as [HTMLInputElement];
    first.files = listOf(files);
    chosen(files, first);
  });
}
