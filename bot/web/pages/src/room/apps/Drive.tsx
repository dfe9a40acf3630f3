// Files that were saved during this visit; they are in the browser's downloads as well.
import { DownloadIcon } from "../icons";
import { download, files } from "./files";

export function Drive() {
  if (!files.value.length) return <p class="blank">Files that you or the bot save appear here.</p>;
  return (
    <ul class="files">
      {files.value.map((file) => (
        <li key={file.name}>
          <span class="file-name">{file.name}</span>
          <small>{size(file.content.size)}</small>
          <button type="button" class="tool" onClick={() => download(file)} aria-label={`Save ${file.name} again`}>
            <DownloadIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toLocaleString("en", { maximumFractionDigits: 1 })} kB`;
}
