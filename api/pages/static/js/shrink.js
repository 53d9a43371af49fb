// Photos are shrunk on the phone, which also leaves their EXIF behind; the server makes them anew all the same.

const LONGEST = 1600;

/** The photo as a JPEG of at most 1600 pixels; as it was where the browser cannot read it. */
export async function shrunk(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => { canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.8); });
  } catch {
    return file;
  }
}
