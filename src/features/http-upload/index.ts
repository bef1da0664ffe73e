export { FileError, type FileRefusal } from "./file-error.ts";
export type { Files, Upload } from "./files.ts";
export { httpUpload, type UploadApi, uploadedFiles } from "./http-upload.ts";
export { refusal } from "./refusals.ts";
export type { StoredFile, Usage } from "./store.ts";
