"""Makes data/pets2009/ from OpenCV's copy of PETS2009 S2.L1, view 1, and the boxes made for it.

    python data/scripts/make_pets.py ../shared/data/pets2009

Encodes vtest.avi as H.264 with time stamps at the 7 frames/s it was taken at (its own header says
10), and copies boxes.csv. One encoding thread: the same encoder version gives the same bytes.
"""

import argparse
import hashlib
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType
from tqdm.auto import tqdm

from sticc_lib.run import atomic, data_dir, write_text

FRAMES_PER_SECOND = 7
# CRF 30 and a key frame every 250 frames give about 2.3 MB; one every 70 costs 0.6 MB more.
ENCODER = {"crf": "30", "preset": "veryslow", "g": "250", "threads": "1"}


def encode(source: Path, target: Path) -> int:
    """Encodes every frame of `source` at constant 7 frames/s; returns their number."""
    count = 0
    with (
        av.open(str(source)) as reader,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as writer,
    ):
        video = reader.streams.video[0]
        stream = writer.add_stream("libx264", rate=FRAMES_PER_SECOND, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for frame in tqdm(reader.decode(video), total=video.frames, desc=target.name):
            frame.pts, frame.time_base = count, Fraction(1, FRAMES_PER_SECOND)
            frame.pict_type = PictureType.NONE  # the old file's key frames are not ours
            writer.mux(stream.encode(frame))
            count += 1
        writer.mux(stream.encode())
    return count


def main() -> None:
    """Writes s2l1_view1.mp4 and boxes.csv, and prints what data/README.md records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder with vtest.avi and boxes.csv")
    source = parser.parse_args().source
    folder = data_dir() / "pets2009"
    with atomic(folder / "s2l1_view1.mp4") as temporary:
        count = encode(source / "vtest.avi", temporary)
    write_text(folder / "boxes.csv", (source / "boxes.csv").read_text(encoding="utf-8"))
    print(f"{count} frames")
    for path in (source / "vtest.avi", folder / "s2l1_view1.mp4", folder / "boxes.csv"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path.name}: {path.stat().st_size} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    main()
