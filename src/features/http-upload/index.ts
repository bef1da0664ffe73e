export { FileError, type FileRefusal, type Files, type Upload } from "./files.ts";
export { httpUpload, type UploadApi, uploadedFiles } from "./http-upload.ts";
export { refusal } from "./refusals.ts";
export type { StoredFile, Usage } from "./store.ts";
