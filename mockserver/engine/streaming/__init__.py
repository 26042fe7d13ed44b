"""Speech as it comes: audio in, frame by frame, and words out when the audio has passed them."""
