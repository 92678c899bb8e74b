var S=(n,t)=>n.addEventListener("abort",t);function c(n,...t){let[o,...r]=n.split("."),i=document.createElement(o||"div");o==="button"&&g(i,{type:"button"}),i.className=r.map(d=>`xw-${d}`).join(" ");for(let d of t)typeof d=="string"||d instanceof Node?i.append(d):g(i,d);return i}function g(n,t){for(let[o,r]of Object.entries(t)){let i=o.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?n.removeAttribute(i):n.setAttribute(i,r===!0?"":`${r}`)}}function M(n,t){n.textContent!==t&&(n.textContent=t)}function A(n,t){n.hidden=!t,M(n,t)}function w(n,t,o,r){for(let i of o.split(" "))t.addEventListener(i,r,{signal:n,passive:!1})}var $=n=>n.preventDefault();function B(n,t,...o){let r=document.createElementNS("http://www.w3.org/2000/svg",n);return g(r,t),r.append(...o),r}function D(n,t="",o="0 0 16 16"){return B("svg",{class:t,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},B("path",{d:n}))}var _=()=>`xw-${Math.random().toString(36).slice(2)}`;var I=`.xw-root {
  .xw-veil {
    position: absolute;
    z-index: 10;
    inset: 0;
    border-radius: inherit;
    pointer-events: none;
  }
  [data-xw-drop="near"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -6px;
  }
  :is([data-xw-drop="over"], [data-xw-drop="gone"], [data-xw-drop="reading"]) {
    background: color-mix(in srgb, var(--xw-bg) 76%, transparent);
  }
  [data-xw-drop="over"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -10px;
    background: color-mix(in srgb, var(--xw-tint) 84%, transparent);
  }
  .xw-dropped {
    position: sticky;
    top: calc(50% - 44px);
    bottom: 32px;
    display: flex;
    gap: 14px;
    align-items: center;
    width: max-content;
    max-width: min(460px, 100% - 32px);
    margin: 0 auto;
    padding: 14px 18px;
    border: 1px solid var(--xw-line);
    border-radius: 10px;
    background: var(--xw-bg);
    box-shadow: 0 8px 28px #0003;
    pointer-events: auto;
    translate: 0 max(16px, 24vh);
  }
  [data-xw-drop="near"] .xw-dropped {
    display: none;
  }
  .xw-dropicon {
    width: 28px;
    color: var(--xw-ink);
    stroke-width: 1.1;
  }
  .xw-dropwords {
    display: grid;
    min-width: 0;
    overflow-wrap: anywhere;
    span {
      color: var(--xw-muted);
      font-size: 12px;
    }
  }
  [data-xw-drop="over"] .xw-dropped {
    pointer-events: none;
  }
  [data-xw-drop="refused"] :is(b, .xw-dropicon) {
    color: light-dark(#b3261e, #ffb4ab);
  }
  [data-xw-drop="reading"] .xw-dropicon {
    animation: xw-sink 0.9s infinite alternate ease-in-out;
  }
  [data-xw-control="drop-back"] {
    overflow: hidden;
    max-width: 240px;
    margin-left: auto;
    color: var(--xw-ink);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
}
@keyframes xw-sink {
  from {
    translate: 0 -3px;
  }
  to {
    translate: 0 3px;
  }
}
`;var V=64e4,W=700,U=1e4,Y="M3 10.5v2a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-2M8 2.5V10M5 7l3 3 3-3",O="The kernel is gone: run this cell again, then bring the picture.",J="The page gave an address, not the picture. Save it, and drop the file.";function Q({model:n,root:t,signal:o,speak:r},i,{most:d}){let L=_(),R=c("b"),T=c("span"),x=c("button.tool",{$label:"Close",title:"Close",_control:"drop-close"});x.append(D("M4 4l8 8M12 4l-8 8"));let j=D(Y,"xw-dropicon"),F=c(".dropped",j,c(".dropwords",R,T),x),y=c(".veil",{_drop:"",hidden:!0},F),m=c("button.link",{_control:"drop-back",hidden:!0});t.append(c("style",I),y),t.querySelector("footer")?.lastElementChild?.before(m);let b,k,E;S(o,()=>{clearTimeout(k),clearTimeout(E)});function l(e,s="",a=""){b=e,y.hidden=!e,x.hidden=e!=="refused",g(y,{_drop:e,role:e==="refused"?"alert":null}),M(R,s),A(T,a)}function f(e){clearTimeout(E),l("refused","This picture is not shown",e),x.focus({preventScroll:!0})}function C(){l(void 0),t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}function q(e){b!=="reading"&&(clearTimeout(k),k=setTimeout(()=>b!=="reading"&&b!=="refused"&&l(void 0),W),e?i.state()==="gone"?l("gone","No kernel, no answer",O):l("over","Drop a picture","The network says what it sees in it"):l("near"))}async function H(e,s){if(clearTimeout(k),i.state()==="gone")return f(O);if(e.length>1)return f(`These are ${e.length} files. Bring one picture.`);let a=e[0]??X(s);if(!a)return f(/<img/i.test(s)?J:"There is no picture in it.");let{name:u,size:v}=a;if(v>d){let[p,h]=[v,d].map(z=>(z/1e6).toFixed(0));return f(`“${u}” has ${p} MB; expected at most ${h} MB. Make it smaller, or set it from a cell: viewer.image = path.`)}l("reading",`Reading ${u}`),r(`Reading ${u}`),E=setTimeout(()=>A(T,"The kernel is busy with something else."),U);try{for(let p=0;!p||p<v;p+=V){let h=new Uint8Array(await a.slice(p,p+V).arrayBuffer());if(o.aborted)return;let P={kind:"picture",by:L,name:u,size:v,at:p};n.send(P,void 0,[h])}}catch(p){let h=v%4096===0&&!a.type?" Is it a folder?":"";f(`“${u}” cannot be read (${p.message}).${h}`)}}function K({by:e,name:s,failed:a}){e===L&&(clearTimeout(E),a?f(a):(l(void 0),r(`${s} is shown now.`)))}function N(){let e=n.get("earlier_picture");m.hidden=!e,M(m,`Back to ${e}`),g(m,{title:`Back to ${e}`})}w(o,x,"click",C),w(o,y,"keydown",e=>{e.key==="Escape"&&(e.stopPropagation(),C())}),w(o,m,"click",()=>{i.send({kind:"back"}),m.hidden=!0,t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}),i.on("msg:custom",e=>{e.kind==="dropped"&&K(e)}),i.on("change:earlier_picture",N),N(),w(o,document,"dragover drop",e=>{let s=e.dataTransfer;if(!s?.types.some(u=>/^Files|uri/.test(u)))return;let a=e.composedPath().includes(t);a&&($(e),s.dropEffect=i.state()==="gone"?"none":"copy"),e.type==="dragover"?q(a):a?H([...s.files],s.getData("text/html")):b!=="reading"&&l(void 0)}),w(o,document,"paste",e=>{let s=e.clipboardData?.files,{activeElement:a}=t.getRootNode();!(t.contains(a)&&!a.matches("input:not([type])"))||!s?.length||($(e),H([...s],""))})}function X(n){let t=new DOMParser().parseFromString(n,"text/html").querySelector("img"),[,o,r]=/^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(t?.src??"")??[];if(!(!o||!r))try{let i=Uint8Array.from(atob(r),d=>d.charCodeAt(0));return new File([i],`picture.${o.split(/[/+]/)[1]}`,{type:o})}catch{return}}export{Q as default,X as pictureIn};
