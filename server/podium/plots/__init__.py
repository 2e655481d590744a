"""Jobs and scores as pictures and files: pure functions from views to text, SVG, HTML, graphs' languages and JUnit XML."""
