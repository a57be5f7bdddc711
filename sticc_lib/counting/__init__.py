"""From a video to the number of people in it: detections, short tracks, individuals."""
