# Turns every file of a folder into two symbols of the program, where it begins and where it ends, and a row of
# kEmbeddedFiles, under its path from ROOT.
#   cmake -DROOT=<folder> -DFOLDER=<folder in ROOT> -DPREFIX=<of the symbols> -DOUT=<file.inc> -P embed.cmake
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${FOLDER}/*)
list(SORT files)
set(text "// Made by apps/p2pml/embed.cmake.\n")
set(rows "")
set(index 0)
list(LENGTH files count)
foreach(file IN LISTS files)
  string(APPEND text
    "__asm__(\".section .rodata\\n.global ${PREFIX}_${index}\\n.global ${PREFIX}_${index}_end\\n.balign 16\\n\"\n"
    "        \"${PREFIX}_${index}:\\n.incbin \\\"${ROOT}/${file}\\\"\\n${PREFIX}_${index}_end:\\n.byte 0\\n.text\\n\");\n"
    "extern \"C\" const unsigned char ${PREFIX}_${index}[];\n"
    "extern \"C\" const unsigned char ${PREFIX}_${index}_end[];\n")
  string(APPEND rows "    {\"/${file}\", ${PREFIX}_${index}, ${PREFIX}_${index}_end},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(APPEND text
  "namespace {\nstruct EmbeddedFile {\n  std::string_view path;\n  const unsigned char* begin;\n  const unsigned char* end;\n};\n"
  "const std::array<EmbeddedFile, ${count}> kEmbeddedFiles{{\n${rows}}};\n}  // namespace\n")
file(WRITE ${OUT} "${text}")
