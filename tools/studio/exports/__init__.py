"""What an editor gets of a film: timelines, subtitles, and the package that holds them beside the takes."""
