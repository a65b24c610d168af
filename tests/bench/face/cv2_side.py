"""The same work as `menwei-face bench`, by Python's cv2 and numpy: one line in, nanoseconds out."""

import sys
import time

import cv2
import numpy

models, picture = sys.argv[1:3]
cv2.setNumThreads(1)
frame = cv2.imread(picture)
height, width = frame.shape[:2]
detector = cv2.FaceDetectorYN.create(
    models + "/face_detection_yunet_2023mar.onnx", "", (width, height), 0.6, 0.3, 5000)
embedder = cv2.FaceRecognizerSF.create(models + "/face_recognition_sface_2021dec.onnx", "")
face = max(detector.detect(frame)[1], key=lambda one: one[2] * one[3])
probe = embedder.feature(embedder.alignCrop(frame, face)).flatten()
galleries = {}


def identify(count):
    return int(numpy.argmax(galleries[count] @ probe))


WORK = {
    "detect": lambda _: detector.detect(frame),
    "embed": lambda _: embedder.feature(embedder.alignCrop(frame, face)),
    "identify": identify,
}
for line in sys.stdin:
    what, _, count = line.strip().partition(" ")
    count = int(count or 0)
    if what == "identify" and count not in galleries:
        numbers = numpy.random.default_rng(20261122)
        galleries[count] = numbers.standard_normal((count, 128), dtype=numpy.float32)
    begin = time.perf_counter_ns()
    WORK[what](count)
    print(time.perf_counter_ns() - begin, flush=True)
